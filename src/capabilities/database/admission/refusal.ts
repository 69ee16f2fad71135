// Thrown while a tree is walked: the statement is refused whatever the grant says. Must never leave admission.

/** `rule` and message reach the guest. */
export class Refusal extends Error {
  readonly rule: string;
  constructor(rule: string, reason: string) {
    super(reason);
    this.rule = rule;
  }
}
