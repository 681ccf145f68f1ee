/** The parts of the browser that the extension's worker is handed, played by the test. */
import type { Port } from "../../extension/background/host-port.ts";
import type { Area } from "../../extension/background/memory.ts";
import type { TabsApi } from "../../extension/background/tabs.ts";

/** storage.session or storage.local; what was written outlives the worker that wrote it. */
export class FakeArea implements Area {
  kept: Record<string, unknown> = {};

  get(): Promise<Record<string, unknown>> {
    return Promise.resolve(structuredClone(this.kept));
  }

  set(items: Record<string, unknown>): Promise<void> {
    this.kept = { ...this.kept, ...structuredClone(items) };
    return Promise.resolve();
  }
}

/** Tabs of one window; a tab without a script of ours cannot be asked. */
export class FakeTabs implements TabsApi {
  active: number | undefined;
  readonly asked: number[] = [];
  readonly scripted = new Set<number>();
  readonly loading = new Set<number>();

  query(): Promise<readonly { id?: number }[]> {
    return Promise.resolve(this.active === undefined ? [] : [{ id: this.active }]);
  }

  get(tab: number): Promise<{ status?: string }> {
    return Promise.resolve({ status: this.loading.has(tab) ? "loading" : "complete" });
  }

  sendMessage(tab: number): Promise<unknown> {
    this.asked.push(tab);
    return this.scripted.has(tab) ? Promise.resolve(true) : Promise.reject(new Error("Nobody there."));
  }
}

/** The native port: what the extension wrote, and a hand to answer and to hang up. */
export class FakePort implements Port {
  readonly written: string[] = [];
  disconnected = false;
  #message: (message: unknown) => void = () => undefined;
  #disconnect: (port: { error?: { message: string } }) => void = () => undefined;

  readonly onMessage = {
    addListener: (listener: (message: unknown) => void) => {
      this.#message = listener;
    },
  };

  readonly onDisconnect = {
    addListener: (listener: (port: { error?: { message: string } }) => void) => {
      this.#disconnect = listener;
    },
  };

  postMessage(message: unknown): void {
    if (this.disconnected) throw new Error("Attempt to postMessage on disconnected port");
    this.written.push(String(message));
  }

  disconnect(): void {
    this.disconnected = true;
  }

  answer(message: unknown): void {
    this.#message(message);
  }

  hangUp(why?: string): void {
    this.disconnected = true;
    this.#disconnect(why === undefined ? {} : { error: { message: why } });
  }
}

/** Lets everything that is only waiting for promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
