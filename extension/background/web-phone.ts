/** The worker's side of "this browser" as a phone: the offscreen document does the work and outlives the worker. */
import type { Body, MessageName, PhoneFailure, Reply } from "../messages.ts";
import { HostError } from "./host-error.ts";
import type { HostPort } from "./host-port.ts";
import { child, el, type XmlElement } from "./xml.ts";

export interface WebPhoneOptions {
  request(command: XmlElement): Promise<XmlElement>;
  send<Name extends MessageName>(name: Name, body: Body<Name>): Promise<Reply<Name>>;
  /** The offscreen document; `undefined` where the browser has none. */
  readonly document: OffscreenDocument | undefined;
  /** This profile's device id (settings.ts). */
  device(): string;
  /** Whether the call on this device is muted; unknown means muted. */
  muted(): boolean;
  diagnosis(): Promise<boolean>;
  /** The user has to allow the microphone in a page of ours: an offscreen document cannot ask. */
  onMicrophone(why: PhoneFailure): void;
}

export interface OffscreenDocument {
  exists(): Promise<boolean>;
  open(): Promise<void>;
  close(): Promise<void>;
}

const DETAILS: Readonly<Record<PhoneFailure, string>> = {
  "microphone-denied": "The microphone is not allowed in this browser.",
  "no-microphone": "The browser found no microphone.",
  connection: "The browser could not set up the connection.",
};

export class WebPhone {
  readonly #options: WebPhoneOptions;
  // Opening, ringing and closing go one after the other: two documents cannot be.
  #last: Promise<void> = Promise.resolve();

  constructor(options: WebPhoneOptions) {
    this.#options = options;
  }

  /** Offers this browser as a device, as long as the connection lives; a service that wants none still joins. */
  async register(port: Pick<HostPort, "request">): Promise<void> {
    if (!this.#options.document) return;
    const command = el("WebPhone", { dev: this.#options.device(), name: "This browser" });
    await port.request(command).catch((refused: unknown) => {
      if (!(refused instanceof HostError)) throw refused;
    });
  }

  ring(session: string): void {
    this.#then(async (document) => {
      if (!(await document.exists())) await document.open();
      const diagnosis = await this.#options.diagnosis();
      await this.#options.send("phone-ring", { session, muted: this.#options.muted(), diagnosis });
    });
  }

  hangup(session: string): void {
    this.#then(async (document) => {
      if (!(await document.exists())) return;
      const { idle } = await this.#options.send("phone-hangup", { session });
      if (idle) await document.close();
    });
  }

  /** Rings aloud for a call that comes in, whatever device will answer it, or stops. */
  bell(on: boolean): void {
    this.#then(async (document) => {
      if (on && !(await document.exists())) await document.open();
      if (!(await document.exists())) return;
      const { idle } = await this.#options.send("phone-bell", { on });
      if (idle) await document.close();
    });
  }

  mute(muted: boolean): void {
    this.#then(async (document) => {
      if (await document.exists()) await this.#options.send("phone-mute", { muted });
    });
  }

  /** Hands the document's offer on and brings the answer back. */
  async offer(session: string, sdp: string): Promise<{ answer: string }> {
    const offer = el("WebOffer", { dev: this.#options.device(), session }, [el("Sdp", {}, [], sdp)]);
    const result = await this.#options.request(offer);
    // XML makes one LF of each line end; SDP wants CRLF (RFC 8866 §5).
    return { answer: (child(result, "Sdp")?.text ?? "").trim().replace(/\r?\n/g, "\r\n").concat("\r\n") };
  }

  async failed(session: string, why: PhoneFailure): Promise<void> {
    this.#options.onMicrophone(why);
    const error = el("Error", { code: "device-refused", detail: DETAILS[why] });
    await this.#options.request(el("WebOffer", { dev: this.#options.device(), session }, [error]));
  }

  #then(step: (document: OffscreenDocument) => Promise<void>): void {
    const { document } = this.#options;
    if (!document) return;
    // A step that fails (the document just closed) must not hold up the next one.
    this.#last = this.#last.then(() => step(document)).catch(() => undefined);
  }
}

/** Chromium's offscreen document; Firefox has none, and is no phone yet. */
export function chromiumDocument(): OffscreenDocument | undefined {
  if (typeof chrome === "undefined" || !chrome.offscreen) return undefined;
  const { offscreen } = chrome;
  return {
    exists: () => offscreen.hasDocument(),
    open: () =>
      offscreen.createDocument({
        url: "extension/offscreen/index.html",
        reasons: ["USER_MEDIA" as chrome.offscreen.Reason, "AUDIO_PLAYBACK" as chrome.offscreen.Reason],
        justification: "This browser is a phone: it rings, and calls have its microphone and loudspeaker.",
      }),
    close: () => offscreen.closeDocument(),
  };
}
