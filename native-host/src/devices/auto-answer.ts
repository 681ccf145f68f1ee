/** What makes a phone of the user's own answer by itself, in all the ways phones understand. */

import type { ExtraHeaders } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";

/**
 * Call-Info for Cisco, Snom, Grandstream and others, Alert-Info for Yealink and Polycom, Answer-Mode of RFC 5373. The
 * last without Require: a phone that does not know it must ring, not refuse.
 */
export function autoAnswer(uri: SipUri): ExtraHeaders {
  return {
    "call-info": `<${uri}>;answer-after=0`,
    "alert-info": "<http://127.0.0.1>;info=alert-autoanswer;delay=0",
    "answer-mode": "Auto",
  };
}
