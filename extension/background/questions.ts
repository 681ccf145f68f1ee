/** Questions of the service which device to use: kept until they are answered anywhere or expire, and answered here. */
import type { Body } from "../messages.ts";
import type { Prompt } from "./calls.ts";
import type { Kept, Memory } from "./memory.ts";
import { callProblemFrom } from "./problem.ts";
import { el, type XmlElement } from "./xml.ts";

export interface QuestionsOptions {
  readonly memory: Kept<Memory>;
  request(command: XmlElement): Promise<XmlElement>;
  /** Shows the oldest question to the user. */
  ask(): void;
  /** Nothing is asked any more. */
  settled(): void;
  now(): number;
}

export class Questions {
  readonly #options: QuestionsOptions;
  /** What was asked over the present connection. */
  readonly #told = new Set<string>();

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** A question arrived, or was told again after a new connection. */
  asked(prompt: Prompt): void {
    const { memory, ask, now } = this.#options;
    this.#told.add(prompt.prompt);
    const others = memory.value.prompts.filter(
      (one) => one.prompt !== prompt.prompt && one.expiresAt > now(),
    );
    memory.set({ prompts: [...others, prompt] });
    // The connection keeps the worker awake as long as the question can be answered.
    setTimeout(() => this.#drop((one) => one.prompt === prompt.prompt), prompt.expiresAt - now());
    ask();
  }

  /** It was answered, here or elsewhere, or nobody waits for the answer any more. */
  over(name: string): void {
    this.#drop(({ prompt }) => prompt === name);
  }

  /** A new connection: what is still asked will be told again. */
  reconnected(): void {
    this.#told.clear();
  }

  /** All was told again: what was not is answered or gone. */
  synchronised(): void {
    this.#drop(({ prompt }) => !this.#told.has(prompt));
  }

  async choose({ prompt, device, remember }: Body<"choose-device">): Promise<undefined> {
    const { memory, request } = this.#options;
    this.#drop((one) => one.prompt === prompt);
    const choice = device === undefined ? { cancel: true } : { dev: device, remember };
    await request(el("Choose", { prompt, ...choice })).catch((failure: unknown) => {
      const problem = callProblemFrom(failure);
      if (problem) memory.set({ problem });
    });
    return undefined;
  }

  /** The user closed the window without an answer: that is one, too. */
  windowClosed(): void {
    const { memory } = this.#options;
    memory.set({ link: null });
    const cancelled = memory.value.prompts.map(({ prompt }) => this.choose({ prompt, remember: "no" }));
    Promise.all(cancelled).catch(() => undefined);
  }

  #drop(isOver: (prompt: Prompt) => boolean): void {
    const { memory, settled } = this.#options;
    const left = memory.value.prompts.filter((one) => !isOver(one));
    if (left.length === memory.value.prompts.length) return;
    memory.set({ prompts: left });
    if (left.length === 0 && !memory.value.link) settled();
  }
}
