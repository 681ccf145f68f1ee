/** Sends one message of messages.ts to the other contexts of the extension. */
import browser from "webextension-polyfill";
import type { Body, MessageName, Reply } from "./messages.ts";

/** Rejects when nobody is there to answer, or the one who answers fails. */
export function send<Name extends MessageName>(name: Name, body: Body<Name>): Promise<Reply<Name>> {
  // Who answers a name answers with its Reply: the receivers' tables are typed by Messages.
  return browser.runtime.sendMessage({ name, body }) as Promise<Reply<Name>>;
}
