/** Writes docs/reference/errors.md from the table in src/errors.ts: `npx tsx tools/write-errors-page.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERROR_CLASSES, ERRORS, type ErrorCode } from '../src/errors.ts';

const MEANING: Record<keyof typeof ERROR_CLASSES, string> = {
  UsageError: 'the command or its options',
  InputRejected: 'a picture or text that is refused',
  ModelRejected: 'a checkpoint that is refused',
  PartialFailure: 'a batch in which samples failed',
  ResourceExhausted: 'disk, memory or network',
  Locked: 'another process holds it',
  ResumeRefused: 'a run that cannot be continued as asked',
  StoreCorrupt: 'a store that cannot be opened',
  NumericFailure: 'NaN or infinity in a result',
  WorkerCrashed: 'the inference thread ended',
  InternalError: 'a bug of zeroov',
  Cancelled: 'stopped on request',
};

/** Every field reads as its own name, so that a sentence shows where its values go. */
function example(code: ErrorCode): string {
  const fields = new Proxy(
    {},
    { get: (_, name) => (name === 'bytes' || name === 'limit' ? 0 : `‹${String(name)}›`) },
  );
  const sentence = (ERRORS[code].sentence as (fields: object) => string)(fields);
  return sentence.replaceAll('|', '\\|').replaceAll('0 B', '‹bytes›').replaceAll('\n', ' ');
}

/** The whole page as Markdown. */
export function errorsPage(): string {
  const classes = Object.entries(ERROR_CLASSES).map(
    ([name, c]) =>
      `| ${name} | ${MEANING[name as keyof typeof MEANING]} | ${c.exit} | ${c.http} | ${c.retryable ? 'yes' : 'no'} |`,
  );
  const codes = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const cls = ERRORS[code].class;
    return `| \`${code}\` | ${cls} | ${ERROR_CLASSES[cls].exit} | ${example(code)} |`;
  });
  return `# Errors

Every failure is one of these: on stderr one sentence and its code, with \`--json\` an object \`{code, class, message, retryable, …}\` on stdout, and the exit status of its class. "Not found"
is an answer, not an error: exit status 0 and \`"found": false\`. SIGTERM ends with 143.

This page is written by \`npx tsx tools/write-errors-page.ts\`; a test compares it with the table in \`src/errors.ts\`.

| class | what is at fault | exit | HTTP | may a retry help |
|---|---|---|---|---|
${classes.join('\n')}

| code | class | exit | sentence |
|---|---|---|---|
${codes.join('\n')}
`;
}

const PAGE = new URL('../docs/reference/errors.md', import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, errorsPage());
