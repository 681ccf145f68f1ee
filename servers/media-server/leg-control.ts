/** Control of one leg by MSCML: what its owner asks in an INFO, and the answer in an INFO of ours (RFC 5022 §3, §5.5). */
import type { InDialogAnswer } from "#sip/leg.ts";
import { type SipRequest, textHeader } from "#sip/message.ts";
import { MSCML, MscmlError, shown } from "../mscml/document.ts";
import { keypress, type MscmlResponse, response } from "../mscml/notification.ts";
import { type MscmlRequest, readRequest } from "../mscml/request.ts";
import type { LegReports } from "./leg-reports.ts";
import type { MediaEngine, PlayEnd, StreamSettings } from "./media-engine.ts";
import type { Prompts } from "./prompts.ts";

export interface LegControlOptions {
  readonly mixer: Pick<MediaEngine, "configure" | "play" | "stopPlaying">;
  readonly prompts: Prompts;
  readonly stream: number;
  readonly reports: LegReports;
}

type Configure = Extract<MscmlRequest, { name: "configure_leg" }>;
type Play = Extract<MscmlRequest, { name: "play" }>;
type Answer = Omit<MscmlResponse, "kind">;

const RETRY_AFTER_S = 5;

export class LegControl {
  readonly #options: LegControlOptions;
  /** What is playing: its number, and the id its request had. */
  readonly #playing = new Map<number, string | undefined>();

  constructor(options: LegControlOptions) {
    this.#options = options;
  }

  /** Any request of the owner that the dialog leaves to us: INFO with MSCML is taken, and answered by another INFO. */
  receive(request: SipRequest): InDialogAnswer {
    if (request.method !== "INFO") return { status: 501 };
    if (request.content === "") return { status: 200 };
    if (typeOf(request) !== MSCML) return { status: 415, headers: { accept: MSCML } };
    const { reports } = this.#options;
    if (reports.full) return { status: 503, headers: { "retry-after": `${RETRY_AFTER_S}` } };
    try {
      this.#obey(readRequest(request.content));
      return { status: 200 };
    } catch (cause) {
      return this.#refuse(cause);
    }
  }

  /**
   * A stream that comes from another leg has no keys told and nothing played. Its mixmode stays until it is told another:
   * whoever was muted must not be heard for the moment in which his leg changes.
   */
  reset(): void {
    const { mixer, stream } = this.#options;
    mixer.stopPlaying(stream);
    mixer.configure(stream, { keypresses: false });
  }

  /** What the INVITE of the leg ordered beside the media; it has been answered. */
  begin(settings: StreamSettings): void {
    const { mixer, stream } = this.#options;
    mixer.configure(stream, settings);
  }

  /** A key of the participant, if the owner wants them. */
  key(digit: string, sinceMs: number | undefined): void {
    this.#options.reports.tell(keypress(digit, sinceMs));
  }

  /** What was played has ended, and with it the request. */
  played(ask: number, reason: PlayEnd): void {
    if (!this.#playing.has(ask)) return;
    const id = this.#playing.get(ask);
    this.#playing.delete(ask);
    this.#answer({ request: "play", id, code: 200, text: "OK", reason });
  }

  #obey(request: MscmlRequest): void {
    if (request.name === "play") {
      this.#play(request);
      return;
    }
    if (request.name === "configure_leg") this.#configure(request);
    else this.#options.mixer.stopPlaying(this.#options.stream);
    this.#answer({ request: request.name, id: request.id, code: 200, text: "OK" });
  }

  #configure(request: Configure): void {
    const { mixer, stream } = this.#options;
    mixer.configure(stream, settingsOf(request));
  }

  #play({ name, id, urls }: Play): void {
    const { mixer, prompts, stream } = this.#options;
    const pieces = urls.map((url) => {
      const samples = prompts.find(url);
      if (!samples)
        throw new MscmlError(404, `This mixer has no prompt ${shown(url)}`, { request: name, id });
      return samples;
    });
    this.#playing.set(mixer.play(stream, pieces), id);
  }

  /** A document that cannot be read has no request to be answered: then the INFO itself is refused. */
  #refuse(cause: unknown): InDialogAnswer {
    if (!(cause instanceof MscmlError)) throw cause;
    const { code, message: text, asked } = cause;
    if (!asked) return { status: 400, reason: text };
    this.#answer({ ...asked, code, text });
    return { status: 200 };
  }

  #answer(answer: Answer): void {
    this.#options.reports.tell(response(answer));
  }
}

/** What is to change of the stream. Throws MscmlError 501. */
export function settingsOf({
  name,
  id,
  configuration: { mixmode, keypresses, clamp },
}: Configure): StreamSettings {
  if (clamp === false)
    throw new MscmlError(501, "This mixer always keeps keys from the others", { request: name, id });
  return { mixMode: mixmode, keypresses };
}

function typeOf(request: SipRequest): string {
  return (textHeader(request, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}
