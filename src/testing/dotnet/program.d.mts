export const COMPILER: string;
export const RUNTIME: string;
export function dotnetProgram(): string;
