import assert from "node:assert/strict";

/** Runs a command's `main` in this process and keeps what it says. */
export async function captured(
  main: (argv: readonly string[]) => Promise<number>,
  ...argv: string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const write = process.stdout.write.bind(process.stdout);
  const error = console.error.bind(console);
  process.stdout.write = (text: string) => {
    said.stdout += text;
    return true;
  };
  console.error = (text: unknown) => {
    said.stderr += `${text instanceof Error ? (text.stack ?? text.message) : String(text)}\n`;
  };
  try {
    const status = await main(argv);
    return { status, ...said };
  } finally {
    process.stdout.write = write;
    console.error = error;
  }
}

/** A mistake is told by its message alone, with the status that stands for it. */
export function assertTold(
  { status, stderr }: { readonly status: number; readonly stderr: string },
  expected: number,
  message: RegExp,
  what = "",
): void {
  assert.equal(status, expected, `${what} ${stderr}`);
  assert.match(stderr, message);
  assert.ok(!/\n\s+at /.test(stderr), "no stack trace");
}
