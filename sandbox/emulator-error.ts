/** The emulated AWS could not be had; the message says what to do. */
export class EmulatorError extends Error {
  override readonly name = "EmulatorError";
}
