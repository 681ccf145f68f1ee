import assert from "node:assert/strict";
import { test } from "node:test";
import { Grant } from "#sip/grant.ts";

test("a refresh put off twice has only the time that the first wait left", () => {
  const grant = new Grant(600);
  grant.renew(600);

  assert.equal(grant.hold(20), true);
  assert.equal(grant.hold(20), false);
  assert.equal(grant.hold(undefined), true);
  assert.equal(grant.refreshAfterMs, 6000);
});
