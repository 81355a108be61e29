import { gunzipSync, gzipSync } from "node:zlib";
import { throwIfAny } from "./validation";

/** EC2's limit for user data, before it is encoded. */
export const userDataLimitBytes = 16_384;

/** A value as a shell's single-quoted word. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * A boot script: its settings as quoted assignments on top, then the text of a `.sh` file. The file is a whole script of its
 * own, so that shellcheck and tests read what an instance runs; no value is ever pasted into its text.
 * @throws Error for a name that is no shell variable
 */
export function bootScript(settings: Readonly<Record<string, string>>, script: string): string {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw new Error(`${name} is not the name of a setting`);
    return `${name}=${shellQuote(value)}`;
  });
  return `#!/bin/bash\n${lines.join("\n")}\n\n${script.replace(/^#!.*\n/, "")}`;
}

/** Text that unpacks itself: `gzip` and base64 keep a third of a script's size. */
function packed(text: string): string {
  const bytes = gzipSync(text, { level: 9 });
  bytes[9] = 255; // the header's operating system, which zlib sets to the builder's own
  const lines = bytes.toString("base64").match(/.{1,76}/g) ?? [];
  return [
    "#!/bin/bash",
    "# The script is too long for user data as it is: it unpacks itself.",
    "set -euo pipefail",
    "script=$(mktemp)",
    `base64 --decode <<'PACKED' | gzip --decompress > "$script"`,
    ...lines,
    "PACKED",
    `exec /bin/bash "$script"`,
    "",
  ].join("\n");
}

/**
 * User data for `userData` of a launch template, in base64: the script as it is, or one that unpacks itself where that is
 * needed to fit. Always text, for the provider reads user data back as such: compressed bytes break it.
 * @throws ValidationError above 16 KiB
 */
export function encodeUserData(source: string, text: string): string {
  const fitting = Buffer.byteLength(text) <= userDataLimitBytes ? text : packed(text);
  const bytes = Buffer.from(fitting);
  if (bytes.length > userDataLimitBytes) {
    throwIfAny(source, [
      {
        path: "userData",
        problem: `has ${bytes.length} bytes after compression`,
        allowed: `at most ${userDataLimitBytes} bytes, EC2's limit`,
        fix: "Move the larger part into an image or an object in S3 that the script fetches.",
      },
    ]);
  }
  return bytes.toString("base64");
}

/** The script that `encodeUserData` was given. */
export function decodeUserData(encoded: string): string {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const inside = /<<'PACKED'.*\n([\s\S]*?)\nPACKED\n/.exec(text)?.[1];
  return inside === undefined ? text : gunzipSync(Buffer.from(inside, "base64")).toString("utf8");
}
