/** What a Lambda is told by its environment. */

/** A variable that must be there. */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`The environment variable ${name} is missing: the function was not deployed by its component`);
  return value;
}

/** A variable that holds JSON, as the component wrote it. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the component that sets it has the type
export function jsonVariable<T>(name: string): T {
  return JSON.parse(variable(name)) as T;
}

/** Settings of SDK clients: the retries adapt to throttling, as one account's limits are shared by everything in it. */
export const clientSettings = { retryMode: "adaptive", maxAttempts: 8 } as const;

/** A handler that is made on its first call and kept for the ones after, with its clients' connections. */
export function lazily<Request, Response>(
  make: () => (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  let made: ((request: Request) => Promise<Response>) | undefined;
  return (request) => (made ??= make())(request);
}
