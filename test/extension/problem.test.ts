import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HostError } from "../../extension/background/host-error.ts";
import { problemFrom } from "../../extension/background/problem.ts";
import { errorElement, failureOf } from "../../native-host/src/api/answers.ts";
import type { ServiceError } from "../../native-host/src/errors.ts";
import { callFailure, goodbye } from "../../native-host/src/service/sip-failure.ts";
import { SipError } from "../../native-host/src/sip/sip-error.ts";

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

/** An error of the service's, as it is handed to the extension. */
function handedOn(error: ServiceError | undefined): HostError {
  return new HostError(errorElement(failureOf(error)).attributes);
}

describe("A conference that ends a call and says why", () => {
  for (const [words, sentence] of Object.entries(GOODBYES)) {
    test(`"${words}" is shown as a sentence with a next step`, () => {
      const problem = problemFrom(handedOn(goodbye("sip:films@example.com", `SIP;text="${words}"`)));

      assert.equal(problem?.sentence, sentence);
      assert.match(problem?.step ?? "", /\.$/);
    });
  }

  test("the name of a conference is no part of what it says", () => {
    const problem = problemFrom(handedOn(goodbye("sip:locked-pin@example.com", `SIP;text="Out of tea"`)));

    assert.equal(problem?.code, "said-goodbye");
  });

  test("and one that refuses is taken by its own words, too", () => {
    const refused = callFailure("sip:pin@example.com", new SipError(403, "The Conference Is Locked"));
    const problem = problemFrom(handedOn(refused));

    assert.equal(problem?.code, "locked");
  });
});
