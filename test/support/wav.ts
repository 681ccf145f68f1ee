/** A microphone that says one tone, and what was heard of others: a WAV file of 16-bit mono at 8000 Hz. */
import { readFile, writeFile } from "node:fs/promises";
import { SAMPLE_RATE, toneSamples, tonesIn } from "./tone.ts";

const HEADER_BYTES = 44;

/** Writes `seconds` of a tone of a whole number of Hz, so that second follows second without a click. */
export async function writeToneWav(file: string, hz: number, seconds: number): Promise<void> {
  const { buffer } = toneSamples(hz, SAMPLE_RATE);
  const second = Buffer.from(buffer);
  const pcm = Array.from({ length: seconds }, () => second);
  await writeFile(file, Buffer.concat([wavHeader(second.length * seconds), ...pcm]));
}

/** The tones in the last half second of such a file, which may still be written; none before that. */
export async function lastTones(file: string): Promise<number[]> {
  const wav = await readFile(file).catch(() => Buffer.alloc(0));
  const pcm = wav.subarray(HEADER_BYTES + ((wav.length - HEADER_BYTES) % 2)).subarray(-SAMPLE_RATE);
  return tonesIn(Array.from({ length: pcm.length >> 1 }, (_, at) => pcm.readInt16LE(2 * at)));
}

function wavHeader(pcmBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0);
  header.writeUInt32LE(HEADER_BYTES - 8 + pcmBytes, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(pcmBytes, 40);
  return header;
}
