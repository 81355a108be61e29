/** Replaces what must never reach a log: values of known secrets, values under telling keys, credentials in URLs. */
export class Redactor {
  readonly #values = new Set<string>();

  /** Short values are not searched for: they would blank out ordinary text. */
  add(value: string): void {
    if (value.length >= 6) this.#values.add(value);
  }

  text(text: string): string {
    let clean = text
      .replace(/(\w+:\/\/[^\s:/@]*):[^\s@/]+@/g, `$1:${mark}@`)
      .replace(/([?&](?:api_?key|token|secret|password|signature)=)[^&\s"']+/gi, `$1${mark}`)
      .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${mark}`)
      .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, mark);
    for (const value of this.#values) clean = clean.replaceAll(value, mark);
    return clean;
  }

  /** A redacted copy; errors become plain objects with their causes. */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > 8) return "[deep]";
    if (value instanceof Date) return value;
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    const source = value instanceof Error ? plainError(value) : (value as Record<string, unknown>);
    return Object.fromEntries(
      Object.entries(source).map(([key, item]) => [
        key,
        tellingKey.test(key) && item !== undefined ? mark : this.value(item, depth + 1),
      ]),
    );
  }
}

const mark = "[redacted]";
const tellingKey =
  /^(?:.*(?:password|passwd|secret|token|credential|private_?key)|api_?key|authorization|cookie|set-cookie|key_?id|apca-.*)$/i;

/** Only fields that say what happened: an HTTP client's error drags its request, headers and keys along. */
function plainError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    name,
    message,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    stack,
    ...(cause === undefined ? {} : { cause }),
  };
}
