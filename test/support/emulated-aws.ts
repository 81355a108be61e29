import { startEmulator } from "../../sandbox/emulator";
import { emulatorAccess } from "../../sandbox/emulator-access";

/** An emulated AWS of a `describe`'s own: it comes up before its first test and goes after its last. */
export class EmulatedAws {
  #endpoint = "";

  constructor() {
    let stop: () => Promise<void>;
    before(async () => {
      const emulator = await startEmulator({ honourEndpoint: false });
      this.#endpoint = emulator.endpoint;
      stop = () => emulator.stop();
    });
    after(() => stop());
  }

  /** Settings of a client that reaches it. */
  get access() {
    if (!this.#endpoint) throw new Error("the emulated AWS is not up yet: make clients in before(), not in describe()");
    return emulatorAccess(this.#endpoint);
  }
}
