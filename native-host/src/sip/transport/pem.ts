/** Certificates and keys out of files, with a sentence for whatever is wrong with them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Its message is one sentence for the user that names the file. */
export class PemError extends Error {
  override readonly name = "PemError";
}

/** Files to be reached by TLS with, and whom to trust; paths are relative to `directory`. */
export interface PemFiles {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** PEM text as the stack takes it. */
export interface Pem {
  readonly pair?: { readonly certificate: string; readonly key: string };
  readonly ca?: string;
}

/** Throws PemError when a file cannot be read, is none of its kind, or the key is not that of the certificate. */
export function readPem({ certificate, key, ca }: PemFiles, directory = "."): Pem {
  const at = (file: string) => resolve(directory, file);
  return {
    ...(certificate !== undefined && key !== undefined && { pair: readPair(at(certificate), at(key)) }),
    ...(ca !== undefined && { ca: readCertificate(at(ca)).text }),
  };
}

function readPair(certificateFile: string, keyFile: string): { certificate: string; key: string } {
  const { text, certificate } = readCertificate(certificateFile);
  const key = read(keyFile);
  if (!certificate.checkPrivateKey(asKey(keyFile, key))) {
    throw new PemError(`${keyFile} is not the key of the certificate in ${certificateFile}.`);
  }
  return { certificate: text, key };
}

function readCertificate(file: string): { text: string; certificate: X509Certificate } {
  const text = read(file);
  try {
    return { text, certificate: new X509Certificate(text) };
  } catch (cause) {
    throw new PemError(`${file} holds no certificate in PEM.`, { cause });
  }
}

function asKey(file: string, text: string) {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new PemError(`${file} holds no private key in PEM, or one with a password.`, { cause });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new PemError(`${file} cannot be read.`, { cause });
  }
}
