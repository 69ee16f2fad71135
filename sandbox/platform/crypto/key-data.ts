// What a key is once it has been read. Types alone, and the one way to make each. Must never hold text.

export interface SecretData {
  readonly kind: 'secret';
  readonly bytes: Uint8Array;
}

export interface RsaPrivate {
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly qi: bigint;
}
/** What a key of the kind rsa-pss is bound to. */
export interface PssParameters {
  readonly hash: string;
  readonly mgf1Hash: string;
  readonly saltLength: number;
}
export interface RsaData {
  readonly kind: 'rsa';
  readonly n: bigint;
  readonly e: bigint;
  readonly secret: RsaPrivate | null;
  /** undefined: an ordinary rsa key; null: rsa-pss without parameters. */
  readonly pss: PssParameters | null | undefined;
}

export type EcCurve = 'prime256v1' | 'secp384r1' | 'secp521r1' | 'secp256k1';
export interface EcData {
  readonly kind: 'ec';
  readonly curve: EcCurve;
  /** Uncompressed: 4, x, y. */
  readonly point: Uint8Array;
  readonly secret: Uint8Array | null;
}

export type OkpCurve = 'ed25519' | 'x25519';
export interface OkpData {
  readonly kind: 'okp';
  readonly curve: OkpCurve;
  readonly point: Uint8Array;
  readonly secret: Uint8Array | null;
}

export type AsymmetricData = RsaData | EcData | OkpData;
export type KeyData = SecretData | AsymmetricData;

/** The same key without its secret. */
export const publicHalf = <Data extends AsymmetricData>(data: Data): Data => ({ ...data, secret: null });
