// What reading an extension package gives. Must never hold a live handle: it is data, made once.
import type { ExpressMajor, Manifest } from '../config/manifest.ts';
import type { PackageSource } from './find-packages.ts';
import type { PackageKind } from './package-json.ts';

export interface LoadedPackage {
  /** Absolute. */
  readonly folder: string;
  /** The entry of the `extensions` option that led here. */
  readonly source: PackageSource;
  /** The operator's id, else package.json's name without scope, else the folder's name: the id of approvals. Never chosen by guest code. */
  readonly fallbackId: string;
  readonly name: string;
  readonly version: string;
  readonly kind: PackageKind;
  /** SHA-256 of `script`, in hex: what is hashed is what runs. */
  readonly artifact: string;
  /** SHA-256 of the public key that signed the archive it came in; null: it came in a folder. */
  readonly signedBy: string | null;
  /** Classic script of the form `__load(function (exports, require, module, __filename, __dirname) {…})`. */
  readonly script: string;
  /** Source map as JSON, for the host only. */
  readonly sourceMap: string;
  /** What the kind of package means when neither manifest nor operator says otherwise. */
  readonly express: ExpressMajor;
  /** null: no `cloister` key. */
  readonly manifest: Manifest | null;
  /** Relative to the folder; `package.json` where the entry is made from a bundle's entries. */
  readonly entryFile: string;
}
