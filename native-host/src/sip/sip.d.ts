/** The part of npm `sip` 0.0.6 we use; it has no types of its own. */
declare module "sip" {
  /** A whole message from text in which each character is one byte; undefined when it has no start line. */
  export function parse(text: string): unknown;
  /** The message as text; sets its content-length to the number of characters of `content`. */
  export function stringify(message: object): string;
}
