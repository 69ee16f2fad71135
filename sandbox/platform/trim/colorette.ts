// Stands in for colorette under Knex's logger: a log has no colours. Must never change the text.

const plain = (text: unknown): string => String(text);

export const bold = plain;
export const cyan = plain;
export const green = plain;
export const red = plain;
export const yellow = plain;
