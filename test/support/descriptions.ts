/** Session descriptions for tests that care who talks to whom, not how. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { Sdp } from "#sip/message.ts";

const audio = (port: number) =>
  ({ address: "127.0.0.1", port, codecs: ["PCMU", "PCMA"], telephoneEvent: true }) as const;

/** An offer of audio at this port of 127.0.0.1. */
export const offerAt = (port: number): Sdp => makeOffer(audio(port));

/** The answer to `offer` of someone who listens at this port. */
export const answerAt = (port: number, offer: Sdp): Sdp => makeAnswer(offer, audio(port)) ?? "";

/** Resolves when everything that needs no timer has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
