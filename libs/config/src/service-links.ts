type Env = Readonly<Record<string, string | undefined>>;

/** A variable with the address of a Kubernetes Service as its value. */
export interface ServiceLink {
  readonly variable: string;
  /** The name of the Service, as its variable gives it: `olla-server`. */
  readonly service: string;
}

/** `NAME_PORT=tcp://10.0.0.1:40114`, which Kubernetes puts into each pod of the namespace of a Service. */
const NAME = /^(OLLA(?:_[A-Z0-9_]+)?)_PORT$/;
const VALUE = /^(?:tcp|udp|sctp):\/\/[^/\s]+:\d{1,5}$/i;

/** The other variables of a Service. No key has such a name. */
const COMPANION =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** The variables whose value is the link to a Service. */
export function findServiceLinks(env: Env): ServiceLink[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    const name = NAME.exec(variable)?.[1];
    if (name === undefined || !VALUE.test(value?.trim() ?? '')) return [];
    return [{ variable, service: name.toLowerCase().replaceAll('_', '-') }];
  });
}

/** Whether a variable describes a Kubernetes Service and therefore sets no key. */
export function isOfService(variable: string): boolean {
  return COMPANION.test(variable);
}
