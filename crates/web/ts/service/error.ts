/**
 * What went wrong, for code to branch on. The set is closed; messages are for people, may change, and never hold a key or a token.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `ERR_SERVICE_CONFIG` | an option is wrong | see the message |
 * | `ERR_SERVICE_UNAUTHORIZED` | the key is not known, or not for this service | look at `CALLER_<NAME>` and its secret |
 * | `ERR_SERVICE_REFUSED` | the Worker refused the request | see the message |
 * | `ERR_SERVICE_NETWORK` | no answer of the Worker's came, though it was asked again | try later |
 * | `ERR_SERVICE_UNAVAILABLE` | the Worker answered that it cannot, though it was asked again; or `requireSession` found no token just now | try later; look at its log |
 * | `ERR_SERVICE_REAUTH` | `requireSession` found no token, and only a person can bring one | answer with `reauthRequired(error)` |
 */
export type ServiceErrorCode = "ERR_SERVICE_CONFIG" | "ERR_SERVICE_UNAUTHORIZED" | "ERR_SERVICE_REFUSED" | "ERR_SERVICE_NETWORK" | "ERR_SERVICE_UNAVAILABLE" | "ERR_SERVICE_REAUTH";

/**
 * The one error of this entry. That there is no token just now is none: it is a {@link ServiceNone}. What was aborted rejects with its
 * signal's `reason`.
 */
export class ServiceError extends Error {
  /** What went wrong. */
  declare readonly code: ServiceErrorCode;
  /** The milliseconds after which the Worker wants to be asked again, where it said so. */
  declare readonly retryAfter: number | undefined;
  /** With `ERR_SERVICE_REAUTH`: of which service. */
  declare readonly service?: string;
  /** With `ERR_SERVICE_REAUTH`: since when a person is needed, in milliseconds since 1970, where that is known. */
  declare readonly since?: number | undefined;

  /** @internal */
  constructor(code: ServiceErrorCode, message: string, { cause, retryAfter, ...more }: { cause?: unknown; retryAfter?: number | undefined; service?: string; since?: number | undefined } = {}) {
    super(message, (cause && { cause }) as ErrorOptions);
    this.name = "ServiceError";
    this.code = code;
    this.retryAfter = retryAfter;
    Object.assign(this, more);
  }
}

/** Whether something caught is a {@link ServiceError}, also one of another copy of this package. */
export function isServiceError(caught: unknown): caught is ServiceError {
  const error = caught as Partial<ServiceError> | null | undefined;
  return error?.name === "ServiceError" && /^ERR_SERVICE_/.test(error.code as string);
}
