import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { displayName } from "../../../servers/conference/display-name.ts";

describe("A name in the roster", () => {
  test("is what the caller says, in any script", () => {
    assert.equal(displayName("Zoë Ångström 👩‍🚀"), "Zoë Ångström 👩‍🚀");
  });

  test("is one line without control characters", () => {
    assert.equal(displayName("  Alice\r\n\u0000Bob\u2028Carol\u001b[31m "), "Alice Bob Carol [31m");
  });

  test("cannot turn the direction of the text around it", () => {
    assert.equal(displayName("\u202egpj.ecila\u2069"), "gpj.ecila");
  });

  test("ends after 256 characters and never inside one", () => {
    assert.equal(displayName("👩".repeat(300)), "👩".repeat(256));
  });

  test("is none when nothing is left of it", () => {
    assert.equal(displayName(" \u0007\t"), undefined);
    assert.equal(displayName(undefined), undefined);
  });
});
