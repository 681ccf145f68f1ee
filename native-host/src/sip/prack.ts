/** The caller's half of reliable provisional responses: each is taken in its order and confirmed by PRACK (RFC 3262 §4). */
import type { Agreement } from "./agreement.ts";
import type { Core } from "./core.ts";
import type { Dialog } from "./dialog.ts";
import { mediaType, optionTags, sdpBody, seconds } from "./header-values.ts";
import { type Sdp, type SipResponse, textHeader } from "./message.ts";

export interface PrackOptions {
  readonly core: Core;
  readonly dialog: Dialog;
  readonly agreement: Agreement;
  /** The answer to an offer that comes in a reliable response, for an INVITE that had none. */
  readonly answerTo: (offer: Sdp) => Promise<Sdp>;
  /** There is no answer, so there is no call. */
  readonly onUnanswerable: (error: unknown) => void;
}

/** The reliable responses of one INVITE in one dialog. */
export class Pracks {
  readonly #options: PrackOptions;
  #last: number | undefined;

  constructor(options: PrackOptions) {
    this.#options = options;
  }

  /** Takes a 101 to 199; false for a copy, and for one that overtook another: then it counts as not come. */
  receive(response: SipResponse): boolean {
    const rseq = reliableSeq(response);
    if (rseq === undefined) return true;
    if (this.#last !== undefined && rseq !== this.#last + 1) return false;
    this.#last = rseq;
    void this.#confirm(response, rseq);
    return true;
  }

  async #confirm(response: SipResponse, rseq: number): Promise<void> {
    const { core, dialog } = this.#options;
    const { seq, method } = response.headers.cseq;
    const answer = await this.#agree(response);
    const headers = { ...core.common(), rack: `${rseq} ${seq} ${method}` };
    const request = dialog.request("PRACK", { headers, body: sdpBody(answer) });
    await core.exchange(request, { nextSeq: () => dialog.nextSeq() });
  }

  /** What the response says about the session; returns our answer when it was an offer (RFC 3262 §5). */
  async #agree(response: SipResponse): Promise<Sdp | undefined> {
    const { agreement, answerTo, onUnanswerable } = this.#options;
    if (mediaType(response) !== "application/sdp") return undefined;
    if (agreement.open === "us") agreement.answered(response.content);
    else if (!agreement.reached && agreement.open === undefined) {
      agreement.offered(response.content);
      try {
        return agreement.answer(await answerTo(response.content));
      } catch (error) {
        agreement.refused();
        onUnanswerable(error);
      }
    }
    return undefined;
  }
}

/** RSeq of a response that asks for PRACK; undefined for any other. */
function reliableSeq(response: SipResponse): number | undefined {
  if (!optionTags(response, "require").has("100rel")) return undefined;
  return seconds(textHeader(response, "rseq"));
}
