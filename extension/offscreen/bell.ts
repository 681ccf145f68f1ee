/** Rings for a call that comes in: two tones, made here, with pauses; during a call only a soft sign now and then. */

export interface BellOptions {
  /** Whether somebody is talking in this browser. */
  talking(): boolean;
  /** Made at the first ring. */
  context(): AudioContext;
}

/** How long it sounds and how long a turn takes, in seconds, and how loud it is (1 is full scale). */
interface Pattern {
  readonly sounds: number;
  readonly every: number;
  readonly gain: number;
}

/** As telephones ring in half of the world: 440 and 480 Hz, two seconds of six. */
export const TONES_HZ = [440, 480] as const;
const RING: Pattern = { sounds: 2, every: 6, gain: 0.12 };
const WAITING: Pattern = { sounds: 0.25, every: 6, gain: 0.03 };
/** Without a slope a tone begins and ends with a click. */
const SLOPE_S = 0.02;

export class Bell {
  readonly #options: BellOptions;
  #output: GainNode | undefined;
  #ringing: { readonly timer: ReturnType<typeof setInterval>; stop(): void } | undefined;

  constructor(options: BellOptions) {
    this.#options = options;
  }

  get on(): boolean {
    return this.#ringing !== undefined;
  }

  /** What goes to the loudspeaker, for diagnosis. */
  get output(): AudioNode | undefined {
    return this.#output;
  }

  /** Rings until `ring(false)`; asking for what is so already changes nothing. */
  ring(on: boolean): void {
    if (on === this.on) return;
    if (on) this.#start();
    else this.#stop();
  }

  #start(): void {
    this.#output ??= outputOf(this.#options.context());
    const output = this.#output;
    const pattern = this.#options.talking() ? WAITING : RING;
    let stop = sound(output, pattern);
    const timer = setInterval(() => {
      stop = sound(output, pattern);
    }, 1000 * pattern.every);
    this.#ringing = { timer, stop: () => stop() };
    // A browser that does not let it sound still shows the call.
    contextOf(output)
      .resume()
      .catch(() => undefined);
  }

  #stop(): void {
    clearInterval(this.#ringing?.timer);
    this.#ringing?.stop();
    this.#ringing = undefined;
  }
}

function outputOf(context: AudioContext): GainNode {
  const output = new GainNode(context);
  output.connect(context.destination);
  return output;
}

// Made of an AudioContext, above.
function contextOf({ context }: GainNode): AudioContext {
  return context as AudioContext;
}

/** One turn; the function returned ends it at once. */
function sound(output: GainNode, { sounds, gain }: Pattern): () => void {
  const { context } = output;
  const from = context.currentTime;
  const to = from + sounds;
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(gain, from + SLOPE_S);
  volume.gain.setValueAtTime(gain, to - SLOPE_S);
  volume.gain.linearRampToValueAtTime(0, to);
  volume.connect(output);
  for (const frequency of TONES_HZ) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    tone.start(from);
    tone.stop(to);
  }
  return () => volume.disconnect();
}
