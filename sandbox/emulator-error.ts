import { EvaluationError } from "../plan/failure";

/** The emulated AWS could not be had; the message says what to do. */
export class EmulatorError extends EvaluationError {
  override readonly name = "EmulatorError";
}
