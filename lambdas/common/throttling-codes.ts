/** Error names that mean "later": the state machine retries on `Throttled`. */
export const throttlingCodes: ReadonlySet<string> = new Set([
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "RequestThrottled",
  "ServiceUnavailable",
  "Unavailable",
  "InternalError",
]);
