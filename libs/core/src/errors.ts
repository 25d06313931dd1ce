/** One row of the table that docs/errors.md is generated from. */
export interface ErrorRow {
  readonly status: number;
  /** The `type` of the error body. */
  readonly type: string;
  /** What it means and what to do, one sentence each, for docs/errors.md. */
  readonly meaning: string;
}

/** Every error that a client of the gateway can meet, by its stable code. */
export const ERRORS = {
  BAD_REQUEST: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      'The request is malformed: the HTTP itself, its framing or its headers. Correct it and send it again.',
  },
  INVALID_JSON: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The body of a JSON route does not start as a JSON object. Send a JSON object.',
  },
  INVALID_MODEL: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      '`model` is not a string, is longer than 1 KiB, or stands in the body twice. Send one `model`, a string.',
  },
  NOT_FOUND: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No route has this path. The message names the routes that exist.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    type: 'invalid_request_error',
    meaning: 'The path exists, this method on it does not. The Allow header names those that do.',
  },
  MODEL_NOT_FOUND: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No endpoint knows the model. GET /olla/models lists those that are known.',
  },
  NOT_IMPLEMENTED: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The route is reserved and does not answer in this version.',
  },
  MANAGEMENT_DISABLED: {
    status: 403,
    type: 'permission_error',
    meaning: 'Model management is switched off by the configuration.',
  },
  FORBIDDEN_ORIGIN: {
    status: 403,
    type: 'permission_error',
    meaning: 'A web page of another origin may not change models.',
  },
  UNAUTHORIZED: {
    status: 401,
    type: 'authentication_error',
    meaning: 'The action needs the admin token, as `Authorization: Bearer …`.',
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
      'The shared state does not answer, so that an action cannot be made known to every host. Wait for Retry-After seconds.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    type: 'invalid_request_error',
    meaning: 'The request did not arrive in time. Send it again, without pauses.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    type: 'invalid_request_error',
    meaning: 'The body is larger than server.request_limits.max_body_size.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    type: 'invalid_request_error',
    meaning: 'The header block is larger than server.request_limits.max_header_size.',
  },
  RATE_LIMITED: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'A limit of server.rate_limits is reached. Wait for Retry-After seconds.',
  },
  INTERNAL: {
    status: 500,
    type: 'api_error',
    meaning: 'A fault of the gateway itself. The log has the request id.',
  },
  BACKEND_ERROR: {
    status: 502,
    type: 'api_error',
    meaning:
      'The endpoint could not be reached, or broke off before it answered. Try again; the message names the endpoint.',
  },
  NO_ENDPOINT: {
    status: 503,
    type: 'api_error',
    meaning:
      'No endpoint of the route is in service, or none has listed its models yet. The message names them; GET /internal/status tells more.',
  },
  MODEL_UNAVAILABLE: {
    status: 503,
    type: 'api_error',
    meaning:
      'The model is known, but no endpoint that has it is in service, or the route leads to none of them. The message names them; GET /internal/status tells more.',
  },
  OVERLOADED: {
    status: 503,
    type: 'overloaded_error',
    meaning:
      'The gateway holds as many unfinished requests as server.request_limits allows. Wait for Retry-After seconds.',
  },
  BACKEND_TIMEOUT: {
    status: 504,
    type: 'timeout_error',
    meaning:
      'The endpoint did not answer within the timeouts of `proxy`. The message names endpoint and setting.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface OllaErrorOptions {
  readonly cause?: unknown;
  /** Seconds until another try makes sense. */
  readonly retryAfterS?: number;
}

/** An error that has an answer for the client. Decisions go by `code`, never by `message`. */
export class OllaError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: OllaErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'OllaError';
    this.code = code;
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** The body of every error: `{"error":{"message","type","code"}}`. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { message, type: ERRORS[code].type, code } });
}
