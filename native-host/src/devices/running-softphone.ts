/** A softphone that the user started himself: found, used as it is, and told to answer our calls, where it takes orders. */

import { lstat } from "node:fs/promises";
import { connect, type NetConnectOpts } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { SipUri } from "../sip/message.ts";

export interface RunningSoftphone {
  readonly address: SipUri;
  /** Has it answer the call that rings there: by its Call-ID, or by its caller. Never rejects: then the user picks up. */
  answer(call: { readonly callId: string; readonly from: SipUri }): Promise<void>;
}

export interface RunningOptions {
  /** Its SIP address, where that cannot be asked of it. */
  readonly uri?: SipUri | undefined;
  /** Where it takes orders: `host:port` of baresip's ctrl_tcp, or the pipe of `linphonec --pipe`. */
  readonly control?: string | undefined;
  /** Whether somebody answers OPTIONS at that address. */
  readonly isThere: (uri: SipUri) => Promise<boolean>;
}

const REPLY_WITHIN_MS = 1000;
const MOST_BYTES = 1 << 16;

/** baresip with a known address; with `control` it answers by itself. */
export async function runningBaresip(options: RunningOptions): Promise<RunningSoftphone | undefined> {
  const { uri, control, isThere } = options;
  if (uri === undefined || !(await isThere(uri))) return undefined;
  const at = control === undefined ? undefined : hostAndPort(control);
  const answer = async ({ callId }: { readonly callId: string }) => {
    if (!at) return;
    await order(
      at,
      `${netstring({ command: "callfind", params: callId })}${netstring({ command: "accept" })}`,
    );
  };
  return { address: uri, answer };
}

/** `linphonec --pipe`, which needs no configuration: it has its pipe at a place of its own and tells its port. */
export async function runningLinphone(options: RunningOptions): Promise<RunningSoftphone | undefined> {
  const { control: path = join("/tmp", `linphonec-${userInfo().uid}`), isThere } = options;
  if (!(await isOurs(path))) return undefined;
  const [, port] = /sip port = ([1-9]\d*)/.exec(await order({ path }, "ports")) ?? [];
  const address: SipUri | undefined =
    options.uri ?? (port === undefined ? undefined : `sip:127.0.0.1:${port}`);
  if (address === undefined || !(await isThere(address))) return undefined;
  const answer = async ({ from }: { readonly from: SipUri }) => {
    const call = (await order({ path }, "calls")).split("\n").find((line) => line.includes(from));
    const [id] = /^\d+/.exec(call ?? "") ?? [];
    if (id !== undefined) await order({ path }, `answer ${id}`);
  };
  return { address, answer };
}

/** Anybody may make a file in /tmp; a pipe of somebody else's would have our calls. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isSocket() === true && found.uid === userInfo().uid;
}

/** Sends an order; resolves with what is said to it until the other side hangs up or has said nothing for a second. */
function order(at: NetConnectOpts, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let said = "";
  const socket = connect(at, () => socket.write(text));
  socket.setEncoding("utf8").setTimeout(REPLY_WITHIN_MS, () => socket.destroy());
  socket.on("data", (more: string) => {
    said = `${said}${more}`.slice(-MOST_BYTES);
  });
  socket.on("error", () => undefined);
  socket.once("close", () => resolve(said));
  return promise;
}

/** baresip's ctrl_tcp: `LENGTH:JSON,`. */
function netstring(command: object): string {
  const json = JSON.stringify(command);
  return `${Buffer.byteLength(json)}:${json},`;
}

function hostAndPort(control: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^\[?([\w.:-]+?)\]?:(\d{1,5})$/.exec(control) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}
