import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import { ADMISSION_OPTIONS, readAdmissionOptions } from "../../../servers/conference/admission-options.ts";

const read = (...args: string[]) =>
  readAdmissionOptions(parseArgs({ args, options: ADMISSION_OPTIONS }).values);

test("Without a word each call is asked every 90 s whether it stands, and no proxy is believed", () => {
  const { session, trustedProxies } = read();

  assert.deepEqual(session, { expiresS: 90 });
  assert.deepEqual(trustedProxies, []);
});

test("Several proxies may be trusted, and calls asked less often", () => {
  const { session, trustedProxies } = read(
    ...["--trusted-proxy", "192.0.2.10", "--trusted-proxy", "2001:db8::10", "--session", "1800"],
  );

  assert.deepEqual(session, { expiresS: 1800 });
  assert.deepEqual(trustedProxies, ["192.0.2.10", "2001:db8::10"]);
});

for (const [option, value] of [
  ["--trusted-proxy", "proxy.example.com"],
  ["--trusted-proxy", "192.0.2.0/24"],
  ["--trusted-proxy", "[2001:db8::10]"],
  ["--session", "89"],
  ["--session", "soon"],
  ["--session", "3601"],
] as const) {
  test(`${option} ${value} is refused in a sentence`, () => {
    assert.throws(() => read(option, value), { message: new RegExp(`^${option} .* is not .*\\.$`) });
  });
}
