import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { describeSelf, ownerIn } from './lock-owner.ts';

const [pid, host, boot, container, start] = describeSelf().split('\n') as [
  string,
  string,
  string,
  string,
  string,
];
const { pid: ended } = spawnSync(process.execPath, ['-e', '']);

it.each([
  ['this process', [pid, host, boot, container, start], 'running'],
  ['a process that has ended', [ended, host, boot, container, start], 'ended'],
  ['another process that had the same id', [pid, host, boot, container, '7'], 'ended'],
  ['a process before a reboot', [pid, host, 'another', container, start], 'ended'],
  ['a process of another container', [pid, host, boot, 'pid:[7]', start], 'unseen'],
  ['a process of another machine', [pid, 'elsewhere', 'another', 'pid:[7]', start], 'unseen'],
  ['a bare id that runs', [pid], 'running'],
  ['a bare id that does not', [ended], 'ended'],
  ['nothing', [''], 'ended'],
  ['no id', ['x', host], 'ended'],
])('%s', (_, lines, state) => {
  // Boot, container and start are told on Linux only.
  const told = start !== '' || lines.length < 5 || lines[1] !== host;
  if (told) expect(ownerIn(lines.join('\n')).state).toBe(state);
});

it('names the machine of one that cannot be seen', () => {
  expect(ownerIn('12\nelsewhere\n\n\n').name).toBe(
    'process 12 of another machine or container (elsewhere)',
  );
});
