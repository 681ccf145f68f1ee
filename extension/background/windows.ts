/** The extension's small windows, one of each kind: for a question, and for calls that come in. */
import type { Kept, Memory, WindowKind } from "./memory.ts";

/** The part of the windows API used here. */
export interface WindowsApi {
  create(options: {
    type: "popup";
    url: string;
    width: number;
    height: number;
    focused: boolean;
  }): Promise<{ id?: number | undefined }>;
  update(id: number, options: { focused: boolean }): Promise<unknown>;
  remove(id: number): Promise<void>;
}

export interface SmallWindowsOptions {
  readonly api: WindowsApi;
  readonly memory: Kept<Memory>;
  /** The user closed it. */
  onClosed(kind: WindowKind): void;
}

const PAGES = {
  picker: { url: "extension/picker/index.html", width: 420, height: 520 },
  incoming: { url: "extension/incoming/index.html", width: 400, height: 360 },
} as const satisfies Record<WindowKind, object>;

export class SmallWindows {
  readonly #options: SmallWindowsOptions;
  /** Windows that are being made, and whether they are still wanted. */
  readonly #opening = new Map<WindowKind, { wanted: boolean }>();

  constructor(options: SmallWindowsOptions) {
    this.#options = options;
  }

  /** Opens the window, or brings the one that is open to the front. */
  open(kind: WindowKind): void {
    const { api, memory } = this.#options;
    const id = memory.value.windows[kind];
    const opening = this.#opening.get(kind);
    if (opening) opening.wanted = true;
    else if (id === undefined) this.#create(kind).catch(() => this.#opening.delete(kind));
    // One that is gone without our having heard of it makes room for a new one.
    else api.update(id, { focused: true }).catch(() => this.#create(kind).catch(() => undefined));
  }

  close(kind: WindowKind): void {
    const { api, memory } = this.#options;
    const opening = this.#opening.get(kind);
    if (opening) opening.wanted = false;
    const id = memory.value.windows[kind];
    if (id === undefined) return;
    this.#forget(kind);
    api.remove(id).catch(() => undefined);
  }

  /** A window of the browser is gone; one that we closed ourselves is known no more. */
  removed(id: number): void {
    for (const kind of ["picker", "incoming"] as const) {
      if (this.#options.memory.value.windows[kind] !== id) continue;
      this.#forget(kind);
      this.#options.onClosed(kind);
    }
  }

  async #create(kind: WindowKind): Promise<void> {
    const { api, memory } = this.#options;
    const opening = { wanted: true };
    this.#opening.set(kind, opening);
    const { id } = await api.create({ type: "popup", focused: true, ...PAGES[kind] });
    this.#opening.delete(kind);
    if (id === undefined) return;
    memory.set({ windows: { ...memory.value.windows, [kind]: id } });
    if (!opening.wanted) this.close(kind);
  }

  #forget(kind: WindowKind): void {
    const { [kind]: _gone, ...windows } = this.#options.memory.value.windows;
    this.#options.memory.set({ windows });
  }
}
