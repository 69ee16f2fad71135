// Whether an expression asks for the schema: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

export const readSchemaCode = ({ root, steps }: CodeChain): readonly CodeUse[] =>
  /^getSchema\d*$/.test(root) || steps.some((step) => step.kind === 'member' && step.name === 'getSchema') ? [['collections']] : [];
