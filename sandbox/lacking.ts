/**
 * What the emulated AWS cannot hold, and what the sandbox therefore leaves out. The table in `docs/emulator.md` is made
 * from this one, and the engine tests fail when a stack leaves out anything that does not stand here.
 */
export interface Lack {
  /** What a stack file would say: a section, or a section's option by its path. */
  readonly setting: string;
  /** Value that the sandbox gives the setting; a section is switched off by `{ enabled: false }`. */
  readonly value: unknown;
  /** Resource types, or a package's, that are left out with it. */
  readonly types: readonly string[];
  /** Why it cannot be had. */
  readonly reason: string;
  /** Plugin that would be enough for it to come up; the sandbox leaves it in where that plugin is installed. */
  readonly plugin?: string;
}

/** Settings that the sandbox changes, whichever stack it runs. A section that a stack does not have is not touched. */
export const lacking: readonly Lack[] = [];
