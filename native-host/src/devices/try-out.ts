/** "Test this device": calls it, plays it a tone through the relay, measures what it says, and tells in one sentence. */

import { setTimeout as delay } from "node:timers/promises";
import { type ErrorCode, ServiceError } from "../errors.ts";
import { PAYLOAD } from "../sdp/offer-answer.ts";
import type { Codec, Device, DeviceLeg } from "./device.ts";
import { Relay } from "./relay.ts";
import { type Heard, TestTone } from "./test-tone.ts";

const TONE_MS = 2000;
const CODECS: readonly Codec[] = ["PCMU", "PCMA"];
/** Quieter than this is a microphone that is off: the noise of a room is about -60 dB. */
const SILENT_DB = -75;
/** More of its audio missing than this is worth a word. */
const MUCH_MISSING = 0.02;

/** Resolves with a sentence for people. Throws ServiceError whose words end with what to do. */
export async function tryOut(device: Device, codecs = CODECS, signal: AbortSignal): Promise<string> {
  try {
    return device.probe ? await device.probe(signal) : await callAndListen(device, codecs, signal);
  } catch (failed) {
    throw failed instanceof ServiceError ? advised(device, failed) : failed;
  }
}

async function callAndListen(device: Device, codecs: readonly Codec[], signal: AbortSignal): Promise<string> {
  const startedAt = performance.now();
  const end = await device.wake(signal);
  const leg = await end.connect({ codecs, signal });
  const answeredMs = performance.now() - startedAt;
  const heard = await playTo(leg, signal);
  if (heard.packets === 0) {
    throw new ServiceError("device-refused", [device.id, "it answered, but no sound came from it"]);
  }
  return sentence(device, { answeredMs, heard, codec: leg.codec });
}

async function playTo(leg: DeviceLeg, signal: AbortSignal): Promise<Heard> {
  const { port, codec, payload = PAYLOAD[codec], telephoneEvent } = leg;
  const audio = PAYLOAD[codec];
  const tone = new TestTone(codec, audio);
  const relay = new Relay();
  const over = new AbortController();
  leg.onEnded = () => over.abort();
  try {
    relay.setDevice({ port, codec, audio: payload, telephoneEvent });
    await relay.hear(relay.attach({ port: tone, codec, audio, telephoneEvent: undefined }));
    tone.play();
    // Whoever hangs up early is judged by what was heard until then.
    await delay(TONE_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(
      () => undefined,
    );
    return tone.heard;
  } finally {
    relay.close();
    await leg.hangUp("the test is over");
  }
}

interface Measured {
  readonly answeredMs: number;
  readonly heard: Heard;
  readonly codec: Codec;
}

function sentence({ name }: Device, { answeredMs, heard, codec }: Measured): string {
  const { packets, missing, loudestDb } = heard;
  const answered = `${name} answered after ${(answeredMs / 1000).toFixed(1)} s and was played a tone`;
  if (loudestDb < SILENT_DB)
    return `${answered}; it sent ${packets} packets of silence: is its microphone muted or covered?`;
  const said = `it sent ${packets} packets (${codec}), the loudest at ${Math.round(loudestDb)} dB`;
  const share = missing / (packets + missing);
  const lost = `, and ${Math.round(100 * share)} % were lost: look at the network in between`;
  return `${answered}; ${said}${share > MUCH_MISSING ? lost : ""}.`;
}

const OF_A_SOFTPHONE: { readonly [Code in ErrorCode]?: (id: string) => string } = {
  "device-offline": (id) =>
    `Is its program installed? What it said is in softphone-${id}/log in the runtime directory.`,
  "device-timeout": noSound,
  "device-refused": noSound,
};

function noSound(id: string): string {
  return `It may not be able to open its microphone or loudspeaker: see softphone-${id}/log in the runtime directory.`;
}

const OF_A_TELEPHONE: { readonly [Code in ErrorCode]?: string } = {
  "device-offline": "Is the gateway of the number plan running, and is its address right?",
  "device-timeout":
    "Pick it up when it rings; if it does not ring, is the gateway of the number plan running?",
};

const OF_A_PHONE: { readonly [Code in ErrorCode]?: string } = {
  "device-offline": "Is it switched on, and is its address in the configuration right?",
  "device-timeout": "Let it answer calls from this computer by itself, or pick it up when it rings.",
};

const BY_STATUS: Readonly<Record<number, string>> = {
  401: "Let it take calls from this computer without a password.",
  403: "Allow calls from this computer in its settings.",
  404: "Is the part before the @ of its address the name it has itself?",
  407: "Let it take calls from this computer without a password.",
  415: "Turn G.711 (PCMU or PCMA) on in its settings.",
  488: "Turn G.711 (PCMU or PCMA) on in its settings.",
};

/** The same failure; its words end with what to do about it. */
function advised(device: Device, failed: ServiceError): ServiceError {
  const next = nextStep(device, failed);
  // An error's message is a property like others; the rest of it stays.
  if (next !== undefined) failed.message = `${failed.message} ${next}`;
  return failed;
}

function nextStep(device: Device, failed: ServiceError): string | undefined {
  // Phones that are not called have words of their own for the rest.
  if (device.probe)
    return failed.code === "device-offline"
      ? "Is it on, and is its url in the configuration right?"
      : undefined;
  if (failed.code === "device-busy") return "Hang up there first.";
  if (device.kind === "softphone")
    return BY_STATUS[failed.sip ?? 0] ?? OF_A_SOFTPHONE[failed.code]?.(device.id);
  return (device.kind === "pstn" ? OF_A_TELEPHONE[failed.code] : undefined) ?? ofAPhone(failed);
}

function ofAPhone({ code, sip = 0 }: ServiceError): string | undefined {
  if (code !== "device-refused") return OF_A_PHONE[code];
  return BY_STATUS[sip] ?? "A firewall may be in between, or its settings allow no calls from this computer.";
}
