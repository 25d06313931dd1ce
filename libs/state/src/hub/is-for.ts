import type { Instance } from '@olla/core/instance';
import type { Question } from '../ports/ask.ts';

/** Whether a process is one of those that a question is for. */
export function isFor({ role, gateway }: Question, instance: Instance): boolean {
  return (
    (role === undefined || instance.role === role) && (gateway === undefined || instance.gateway === gateway)
  );
}
