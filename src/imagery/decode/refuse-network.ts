import dgram from 'node:dgram';
import net from 'node:net';
import { ZeroovError } from '../../errors.ts';

/**
 * Takes the network away from this process: whatever a picture makes a library do, there is nothing to connect, listen or
 * send with. Native code is not held by it.
 */
export function refuseNetwork(): void {
  const refuse = (): never => {
    throw new ZeroovError('INTERNAL', { reason: 'the decoder asked for the network' });
  };
  net.Socket.prototype.connect = refuse;
  net.Server.prototype.listen = refuse;
  dgram.Socket.prototype.bind = refuse;
  dgram.Socket.prototype.send = refuse;
}
