/** Somebody's SIP service as a program, whose one device is a desk phone of the test, and a client of its XML API. */
import { type ApiClient, Daemon } from "./daemon.ts";
import type { TonePhone } from "./tone-phone.ts";

interface DeskService {
  readonly desk: TonePhone;
  /** Of the service, beside the device. */
  readonly config?: object;
}

/** Both end with `stack`. */
export async function deskService(
  stack: AsyncDisposableStack,
  name: string,
  { desk, config = {} }: DeskService,
): Promise<{ readonly daemon: Daemon; readonly api: ApiClient }> {
  const devices = [{ kind: "sip", id: "desk", uri: desk.address, anchor: true }];
  const daemon = await Daemon.start({ name, config: { devices, ...config } });
  stack.defer(() => daemon.stop());
  const api = await daemon.connect();
  stack.defer(() => api.close());
  return { daemon, api };
}
