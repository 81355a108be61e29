/** Words by which pip says that it reaches no package index at all; any other failure of it is one to mend. */
const words =
  /Failed to establish a new connection|NewConnectionError|Temporary failure in name resolution|Name or service not known|Network is unreachable|No route to host|ConnectTimeoutError|Connection refused/;

/** Whether making the Python environment failed because there is no network. */
export function isOffline(error: unknown): boolean {
  return error instanceof Error && /^pip could not install /.test(error.message) && words.test(error.message);
}
