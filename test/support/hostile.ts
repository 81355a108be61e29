import assert from "node:assert/strict";

/** What a name must never become: a command, a path, a key of a prototype, a line of its own, SQL or HTML. */
export const hostile: readonly string[] = [
  "$(reboot)",
  '"; rm -rf /',
  "`touch pwned`",
  "line\nbreak",
  "Ünïcødé 模型 🚀",
  "{{ ssm:pwned }}",
  "__proto__",
  "constructor",
  "../../escape",
  "<script>alert(1)</script>",
  "'; drop table canary; --",
  "\"><img src=x onerror='alert(1)'>",
];

/** Fails where a name became a key of every object. */
export function untouched(): void {
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(Object.prototype.toString.call({}), "[object Object]");
}
