/** Whose room a page offers: the site's own, one on a server the site names, or somebody else's (docs/page-tag.md, trust). */
import { getDomain } from "tldts";
import { label } from "../label.ts";
import type { Trust } from "../messages.ts";

/** RFC 8615; at most 8 KiB of JSON, kept for a day. */
const WELL_KNOWN = "/.well-known/sip-conference";
const MAX_BYTES = 8192;
const MAX_HOSTS = 32;
const LISTED_FOR_MS = 24 * 60 * 60 * 1000;
const FETCH_TIMEOUT_MS = 5000;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Judged by the two names alone; `elsewhere` may become `listed` once the site was asked. */
export function trustByName(pageOrigin: string, conferenceHost: string): Exclude<Trust, "listed"> {
  const pageHost = hostOf(pageOrigin);
  if (pageHost === undefined) return "refused";
  if (pageHost === conferenceHost || (LOOPBACK.test(pageHost) && LOOPBACK.test(conferenceHost))) return "own";
  // The addresses and names of a private network mean something else on each network: a page may not point there.
  if (isPrivate(conferenceHost)) return "refused";
  const options = { allowPrivateDomains: true, validateHostname: true };
  const site = getDomain(pageHost, options);
  return site !== null && site === getDomain(conferenceHost, options) ? "own" : "elsewhere";
}

function hostOf(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  return new URL(origin).hostname.toLowerCase().replace(/^\[|\]$/g, "");
}

function isPrivate(host: string): boolean {
  return (
    host.includes(":") ||
    /^[\d.]+$/.test(host) ||
    !host.includes(".") ||
    /\.(local|internal|lan|home\.arpa)$/.test(host)
  );
}

/** What a site's list was when we last looked. */
export interface Listed {
  readonly hosts: readonly string[];
  readonly at: number;
}

export function isFresh(listed: Listed | undefined, now: number): listed is Listed {
  return listed !== undefined && now - listed.at < LISTED_FOR_MS;
}

/** Reads the servers a site names; none when it names none, answers nothing readable or redirects. */
export async function fetchListed(origin: string, fetchText: typeof fetch, now: number): Promise<Listed> {
  try {
    return { hosts: readHosts(await fetchBounded(origin, fetchText)), at: now };
  } catch {
    return { hosts: [], at: now };
  }
}

async function fetchBounded(origin: string, fetchText: typeof fetch): Promise<string> {
  if (!origin.startsWith("https://")) return "";
  const response = await fetchText(origin + WELL_KNOWN, {
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok || !response.body || Number(response.headers.get("content-length") ?? 0) > MAX_BYTES)
    return "";
  return readBounded(response.body);
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let read = await reader.read();
  while (!read.done) {
    text += decoder.decode(read.value, { stream: true });
    if (text.length > MAX_BYTES) {
      await reader.cancel();
      return "";
    }
    read = await reader.read();
  }
  return text;
}

/** The `hosts` of the site's JSON, lower case. */
function readHosts(text: string): string[] {
  const list: unknown = text === "" ? {} : JSON.parse(text);
  if (typeof list !== "object" || list === null || !("hosts" in list) || !Array.isArray(list.hosts))
    return [];
  return list.hosts.slice(0, MAX_HOSTS).flatMap((host: unknown) => label(host, 253).toLowerCase() || []);
}
