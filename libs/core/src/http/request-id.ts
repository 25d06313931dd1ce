import { randomBytes } from 'node:crypto';

const MAX_LENGTH = 128;

const prefix = randomBytes(6).toString('hex');
let count = 0;

/** An id that is unique over all processes: random text of this process and a count. */
export function newRequestId(): string {
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}

/** Whether a client's X-Request-ID may be used in headers and logs: visible ASCII, at most 128 characters. */
export function validRequestId(value: string | undefined): value is string {
  if (value === undefined || value.length === 0 || value.length > MAX_LENGTH) return false;
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
