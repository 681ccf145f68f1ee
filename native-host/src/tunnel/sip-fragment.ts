/** SIP requests and responses as text, without what the service adds: message/sipfrag (RFC 3420). */

import { ServiceError } from "../errors.ts";
import { longName } from "../sip/header-names.ts";
import type { PluginRequest, PluginResponse } from "./plugin.ts";

const START = /^([A-Za-z0-9.!%*_+`'~-]{1,32}) ([^\s<>]{1,1024}) SIP\/2\.0$/;
const FIELD = /^([A-Za-z0-9.!%*_+`'~-]{1,64})\s*:\s*(.*)$/;

/** Reads a request; lines may end with CR LF or LF. Throws ServiceError `bad-request`. */
export function readFragment(text: string): PluginRequest {
  const [head = "", ...rest] = text.replaceAll("\r\n", "\n").replace(/^\n+/, "").split("\n\n");
  const [first = "", ...lines] = head.replace(/\n[ \t]+/g, " ").split("\n");
  const [, method, uri] = START.exec(first.trim()) ?? [];
  if (method === undefined || uri === undefined) throw unreadable("it does not begin as a SIP request");
  const body = rest.join("\n\n");
  const headers = Object.fromEntries(lines.filter((line) => line.trim() !== "").map(readField));
  return { method: method.toUpperCase(), uri, headers, ...(body !== "" && { body }) };
}

export function formatResponse({ status, reason = "", headers = {}, body = "" }: PluginResponse): string {
  return formatted(`SIP/2.0 ${status} ${reason}`.trimEnd(), headers, body);
}

export function formatRequest({ method, uri, headers = {}, body = "" }: PluginRequest): string {
  return formatted(`${method} ${uri} SIP/2.0`, headers, body);
}

function readField(line: string): [string, string] {
  const [, name, value] = FIELD.exec(line) ?? [];
  if (name === undefined || value === undefined) throw unreadable(`"${line.slice(0, 40)}" is not a header`);
  return [longName(name), value.trim()];
}

function formatted(start: string, headers: Readonly<Record<string, string>>, body: string): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [start, ...fields].join("\n");
  return body === "" ? head : `${head}\n\n${body}`;
}

function unreadable(why: string): ServiceError {
  return new ServiceError("bad-request", [`the SIP message cannot be read: ${why}`]);
}
