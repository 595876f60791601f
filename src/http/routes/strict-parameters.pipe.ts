import { StandardSchemaValidationPipe } from '@nestjs/common';

/**
 * Validates a parameter by its schema. Nest's own pipe would first drop keys named `__proto__` and `constructor`; here
 * they are refused like any other that the schema does not know.
 */
export class StrictParametersPipe extends StandardSchemaValidationPipe {
  protected override stripProtoKeys(): void {
    // Every schema here is a strict object, which takes its own keys and copies no other.
  }
}
