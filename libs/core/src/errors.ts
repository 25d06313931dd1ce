/** One row of the table from which docs/errors.md is generated. */
export interface ErrorRow {
  readonly status: number;
  /** The `type` of the error body. */
  readonly type: string;
  /** Its meaning and what to do, in one sentence each. */
  readonly meaning: string;
}

/** Every error that the gateway sends to clients, by its stable code. */
export const ERRORS = {
  BAD_REQUEST: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      'The request is not valid HTTP: its request line, its framing or its headers. Correct it and send it again.',
  },
  INVALID_JSON: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      'The body of a JSON route is not the start of a JSON object, or not in UTF-8. Send a JSON object.',
  },
  INVALID_MODEL: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      '`model` is not a string, is longer than 1 KiB, is in the request with two names, or cannot be read and the endpoint has a model_filter. Send one `model` that is a string.',
  },
  INVALID_ENCODING: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      'The body is not what its Content-Encoding says, or is cut off. Correct the header, or compress the body again.',
  },
  UNSUPPORTED_ENCODING: {
    status: 415,
    type: 'invalid_request_error',
    meaning:
      'The body has a Content-Encoding that the gateway cannot undo. The Accept-Encoding header names those that it can undo.',
  },
  NOT_FOUND: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No route has this path. The message names the routes that exist.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    type: 'invalid_request_error',
    meaning: 'The route does not have this method. The Allow header names the methods that it has.',
  },
  MODEL_NOT_FOUND: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No endpoint has the model. GET /olla/models lists the models that are known.',
  },
  NOT_IMPLEMENTED: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The route is reserved and has no function in this version.',
  },
  MANAGEMENT_DISABLED: {
    status: 403,
    type: 'permission_error',
    meaning:
      'Management is switched off by proxy.model_management, or the endpoint has credentials and has no `management: true`. The message names the key.',
  },
  FORBIDDEN_ORIGIN: {
    status: 403,
    type: 'permission_error',
    meaning:
      'The request manages a server and comes from a web page of another origin that `server.cors.allowed_origins` does not name.',
  },
  FORBIDDEN_HOST: {
    status: 403,
    type: 'permission_error',
    meaning:
      'A web page sent a change to the gateway under a host name that is not known to be its own. Add the name to `server.allowed_hosts`.',
  },
  UNAUTHORIZED: {
    status: 401,
    type: 'authentication_error',
    meaning: 'The action needs the admin token. Send it as `Authorization: Bearer …`.',
  },
  ENDPOINT_NOT_FOUND: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No endpoint has this name. GET /internal/status/endpoints lists them.',
  },
  LAST_HOST: {
    status: 409,
    type: 'conflict_error',
    meaning:
      'Draining the endpoint would leave models without an endpoint that serves them. The message names them; `force=true` drains all the same.',
  },
  STATE_UNAVAILABLE: {
    status: 503,
    type: 'api_error',
    meaning:
      'The shared state cannot be reached, so the action cannot be passed on to every host. Try again after Retry-After seconds.',
  },
  UPGRADE_REQUIRED: {
    status: 426,
    type: 'invalid_request_error',
    meaning: 'WebSockets are not relayed. Send the request as HTTP/1.1, without an upgrade.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    type: 'invalid_request_error',
    meaning: 'The request did not arrive in time. Send it again without pauses.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    type: 'invalid_request_error',
    meaning:
      'The body is larger than server.request_limits.max_body_size, or than 1 MiB in a call that changes or shows a model. Send a smaller one.',
  },
  URI_TOO_LONG: {
    status: 414,
    type: 'invalid_request_error',
    meaning: 'The path has more than 8192 characters. Put what is long into the body or the query.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    type: 'invalid_request_error',
    meaning: 'The head is larger than server.request_limits.max_header_size. Send fewer or shorter headers.',
  },
  RATE_LIMITED: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'A limit of server.rate_limits is reached. Try again after Retry-After seconds.',
  },
  INTERNAL: {
    status: 500,
    type: 'api_error',
    meaning: 'The gateway itself has a fault. Its log has the request id.',
  },
  BACKEND_ERROR: {
    status: 502,
    type: 'api_error',
    meaning:
      'The endpoint could not be reached, or broke off before its response began. The message names the endpoint. Try again.',
  },
  NO_ENDPOINT: {
    status: 503,
    type: 'api_error',
    meaning:
      'No endpoint of the route is in service, or none has listed its models yet. The message names them; GET /internal/status shows more.',
  },
  MODEL_UNAVAILABLE: {
    status: 503,
    type: 'api_error',
    meaning:
      'The model is known, but no endpoint that has it is in service, or the route leads to none of them. The message names them; GET /internal/status shows more.',
  },
  OVERLOADED: {
    status: 503,
    type: 'overloaded_error',
    meaning:
      'The worker holds as many bytes of request bodies as server.request_limits.max_pending_bytes allows, and the part of this one up to its model has no room. Try again after Retry-After seconds.',
  },
  BACKEND_TIMEOUT: {
    status: 504,
    type: 'timeout_error',
    meaning:
      'The endpoint did not respond within a timeout of `proxy`. The message names the endpoint and the setting.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface OllaErrorOptions {
  readonly cause?: unknown;
  /** Value of the Retry-After header in seconds. */
  readonly retryAfterS?: number;
  /** Methods that the path has, where this one is not among them (RFC 9110 §15.5.6). */
  readonly allow?: readonly string[];
}

/** An error that the client gets as a response. Code decides by `code`, never by `message`. */
export class OllaError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterS: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, options: OllaErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'OllaError';
    this.code = code;
    this.retryAfterS = options.retryAfterS;
    this.allow = options.allow;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** The body of an error: `{"error":{"message","type","code"}}`. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { message, type: ERRORS[code].type, code } });
}
