import { applyDecorators } from '@nestjs/common';
import type * as Swagger from '@nestjs/swagger';

/** What a decorator is called with: a class, or an object with the name of a method and its descriptor. */
type Decorated = [target: object, key?: string | symbol, method?: TypedPropertyDescriptor<unknown>];

const waiting: ((swagger: typeof Swagger) => void)[] = [];

/**
 * Describes a controller or a handler to those who read the API's description, by a decorator of `@nestjs/swagger`. It
 * is applied when somebody first asks for the description: to load that library is a third of the start.
 */
export const Describe = (choose: (swagger: typeof Swagger) => ClassDecorator | MethodDecorator) =>
  applyDecorators((...decorated: Decorated) => {
    waiting.push((swagger) => {
      (choose(swagger) as (...decorated: Decorated) => void)(...decorated);
    });
  });

/** Loads the library, and has it told every description. */
export async function loadSwagger(): Promise<typeof Swagger> {
  const swagger = await import('@nestjs/swagger');
  for (const describe of waiting.splice(0)) describe(swagger);
  return swagger;
}
