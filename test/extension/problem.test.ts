import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HostError } from "../../extension/background/host-error.ts";
import { problemFrom } from "../../extension/background/problem.ts";
import { goodbye } from "../../native-host/src/service/sip-failure.ts";

/** What the conference server says in the Reason of its BYE, and what the popup makes of it. */
const GOODBYES: Readonly<Record<string, string>> = {
  "Removed from the conference": "You were removed from the conference.",
  "The moderator ended the conference": "The conference was ended for everybody.",
  "The conference was ended by the operator": "The conference was ended for everybody.",
  "The moderator did not let you in": "The moderator did not let you in.",
  "The PIN was wrong": "This conference asks for a PIN or a token, and did not get the right one.",
  "The conference is locked": "This conference is locked.",
  "Out of tea": "The conference ended the call.",
};

describe("A conference that ends a call and says why", () => {
  for (const [words, sentence] of Object.entries(GOODBYES)) {
    test(`"${words}" is shown as a sentence with a next step`, () => {
      const told = goodbye("sip:films@example.com", `SIP;text="${words}"`);
      const problem = problemFrom(new HostError({ code: told?.code ?? "", detail: told?.message ?? "" }));

      assert.equal(problem?.sentence, sentence);
      assert.match(problem?.step ?? "", /\.$/);
    });
  }

  test("the name of a conference is no part of what it says", () => {
    const told = goodbye("sip:locked-pin@example.com", `SIP;text="Out of tea"`);
    const problem = problemFrom(new HostError({ code: told?.code ?? "", detail: told?.message ?? "" }));

    assert.equal(problem?.code, "said-goodbye");
  });
});
