const NAME = /auth|key|token|secret|cookie|credential|passw|session|jwt|signature/i;
const VALUE = /^(?:bearer|basic|digest|token|apikey) /i;

/** Whether a configured header authenticates the gateway to a server. */
export function isCredential(name: string, value: string): boolean {
  return NAME.test(name) || VALUE.test(value);
}
