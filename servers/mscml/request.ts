/** What a focus asks of a mixer for one leg: `configure_leg`, `play`, `stop` (RFC 5022 §5.3, §6.3, §6.6), built and read. */
import { el, type XmlElement } from "#xml/strict.ts";
import { MscmlError, mscml, onlyChild, readDocument, shown } from "./document.ts";

/** `mute`: hears, and is not heard. `parked`: neither (RFC 5022 §5.3). */
export type MixMode = "full" | "mute" | "parked";

/** What is to change; what is left out stays as it is: a first leg is in the full mix, clamped, and reports no keys. */
export interface LegConfiguration {
  readonly mixmode?: MixMode;
  /** Whether each key pressed is reported (§7.1). */
  readonly keypresses?: boolean;
  /** Whether keys are kept from the others. */
  readonly clamp?: boolean;
}

export type MscmlRequest =
  | { readonly name: "configure_leg"; readonly id?: string; readonly configuration: LegConfiguration }
  | { readonly name: "play"; readonly id?: string; readonly urls: readonly string[] }
  | { readonly name: "stop"; readonly id?: string };

/** So many pieces of audio make one prompt at most. */
const MAX_AUDIO = 8;

const MIX_MODES = ["full", "mute", "parked"] as const;

/** The attributes each element may have; those that are not read change nothing that this mixer could do otherwise. */
const ATTRIBUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ["configure_leg", ["id", "mixmode", "dtmfclamp", "type", "toneclamp"]],
  ["subscribe", []],
  ["events", []],
  ["keypress", ["report", "maskdigits"]],
  ["play", ["id"]],
  ["prompt", ["stoponerror"]],
  ["audio", ["url", "encoding"]],
  ["stop", ["id"]],
]);

export function configureLeg({ mixmode, keypresses, clamp }: LegConfiguration): string {
  const report = keypresses === undefined ? undefined : keypresses ? "standard" : "none";
  const subscribe = report && el("subscribe", {}, [el("events", {}, [el("keypress", { report })])]);
  const dtmfclamp = clamp === undefined ? undefined : clamp ? "yes" : "no";
  return mscml("request", el("configure_leg", { mixmode, dtmfclamp }, subscribe ? [subscribe] : []));
}

/** Plays a prompt of the mixer's own to this leg alone; `id` comes back in the response. */
export function play(name: string, id?: string): string {
  const audio = el("audio", { url: `partyline:${name}` });
  return mscml("request", el("play", { id }, [el("prompt", {}, [audio])]));
}

/** Ends what is played to this leg. */
export function stopPlaying(id?: string): string {
  return mscml("request", el("stop", { id }));
}

/** Reads one request. Throws MscmlError; it names the request when there was one to name. */
export function readRequest(text: string): MscmlRequest {
  const envelope = readDocument(text);
  if (envelope.name !== "request")
    throw new MscmlError(400, `A request was expected, not ${shown(envelope.name)}`);
  const element = onlyChild(envelope);
  const id = element.attributes["id"];
  try {
    return { ...readOne(element), ...(id !== undefined && { id }) };
  } catch (cause) {
    if (!(cause instanceof MscmlError)) throw cause;
    throw new MscmlError(cause.code, cause.message, { request: shown(element.name), id: id && shown(id) });
  }
}

function readOne(element: XmlElement): MscmlRequest {
  const { name } = element;
  refuseOtherAttributes(element);
  if (name === "configure_leg") return { name, configuration: readConfiguration(element) };
  if (name === "play") return { name, urls: readPrompt(element) };
  if (name === "stop") return { name };
  throw new MscmlError(501, `This mixer does not know the request ${shown(name)}`);
}

/** What would change how a prompt sounds or a leg is mixed must not be passed over in silence. */
function refuseOtherAttributes({ name, attributes, children }: XmlElement): void {
  const known = ATTRIBUTES.get(name);
  const other = known && Object.keys(attributes).find((attribute) => !known.includes(attribute));
  if (other !== undefined)
    throw new MscmlError(400, `This mixer takes no attribute ${shown(other)} of ${name}`);
  for (const child of children) refuseOtherAttributes(child);
}

function readConfiguration({ attributes, children }: XmlElement): LegConfiguration {
  const { mixmode, dtmfclamp } = attributes;
  const [subscribe, more] = children;
  if (more || (subscribe && subscribe.name !== "subscribe"))
    throw new MscmlError(501, "This mixer takes nothing inside configure_leg but one subscribe");
  return {
    ...(mixmode !== undefined && { mixmode: readMixMode(mixmode) }),
    ...(dtmfclamp !== undefined && { clamp: readYesNo("dtmfclamp", dtmfclamp) }),
    ...(subscribe && { keypresses: readSubscription(subscribe) }),
  };
}

function readMixMode(text: string): MixMode {
  const mode = MIX_MODES.find((one) => one === text);
  if (mode) return mode;
  const known = text === "preferred" || text === "private";
  throw new MscmlError(known ? 501 : 400, `The mixmode must be full, mute or parked, not ${shown(text)}`);
}

function readYesNo(name: string, text: string): boolean {
  if (text !== "yes" && text !== "no")
    throw new MscmlError(400, `${name} must be yes or no, not ${shown(text)}`);
  return text === "yes";
}

/** `standard` and `both` report each press; how long a key was held is not told apart. */
function readSubscription(subscribe: XmlElement): boolean {
  const events = onlyChild(subscribe);
  const event = onlyChild(events);
  if (events.name !== "events" || event.name !== "keypress")
    throw new MscmlError(501, "This mixer reports no other event of a leg than keypress");
  const report = event.attributes["report"] ?? "";
  if (report === "long") throw new MscmlError(501, "This mixer does not tell long presses apart");
  if (report !== "standard" && report !== "both" && report !== "none")
    throw new MscmlError(400, `The report of keypress must be standard, both or none, not ${shown(report)}`);
  return report !== "none";
}

function readPrompt(play: XmlElement): string[] {
  const prompt = onlyChild(play);
  if (prompt.name !== "prompt") throw new MscmlError(400, `play needs a prompt, not ${shown(prompt.name)}`);
  const urls = prompt.children.map(({ name, attributes }) => {
    if (name !== "audio") throw new MscmlError(501, `This mixer plays audio only, not ${shown(name)}`);
    return attributes["url"] ?? "";
  });
  if (urls.length === 0 || urls.length > MAX_AUDIO || urls.includes(""))
    throw new MscmlError(400, `A prompt needs 1 to ${MAX_AUDIO} audio elements, each with its url`);
  return urls;
}
