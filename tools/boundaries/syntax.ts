import ts from 'typescript';

export interface Finding {
  readonly line: number;
  /** An import's specifier, or the global that is used. */
  readonly text: string;
}

export interface ModuleSyntax {
  readonly imports: readonly Finding[];
  readonly globals: readonly (Finding & { readonly text: 'process.env' | 'console' })[];
}

/** Everything a module imports, by any syntax (types too: they couple as well), and every use it makes of the guarded globals. */
export function readSyntax(file: string, text: string): ModuleSyntax {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imports: Finding[] = [];
  const globals: (Finding & { text: 'process.env' | 'console' })[] = [];
  const lineOf = (node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) imports.push({ line: lineOf(node), text: specifier });
    const used = globalOf(node);
    if (used !== undefined) globals.push({ line: lineOf(node), text: used });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, globals };
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return textOf(node.moduleReference.expression);
  }
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isImport || isRequire ? textOf(node.arguments[0]) : undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function globalOf(node: ts.Node): 'process.env' | 'console' | undefined {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    if (isNamed(node.expression, 'console')) return 'console';
    const member = ts.isPropertyAccessExpression(node) ? node.name.text : textOf(node.argumentExpression);
    if (member === 'env' && isNamed(node.expression, 'process')) return 'process.env';
  }
  if (ts.isVariableDeclaration(node) && node.initializer && isNamed(node.initializer, 'process')) {
    return bindsEnv(node.name) ? 'process.env' : undefined;
  }
  return isEnvImport(node) ? 'process.env' : undefined;
}

/** `name` itself or `globalThis.name`. */
function isNamed(node: ts.Expression, name: string): boolean {
  if (ts.isIdentifier(node)) return node.text === name;
  return ts.isPropertyAccessExpression(node) && node.name.text === name && isNamed(node.expression, 'globalThis');
}

function bindsEnv(name: ts.BindingName): boolean {
  if (!ts.isObjectBindingPattern(name)) return false;
  return name.elements.some((element) => originalName(element.propertyName ?? element.name) === 'env');
}

function isEnvImport(node: ts.Node): boolean {
  if (!ts.isImportSpecifier(node) || originalName(node.propertyName ?? node.name) !== 'env') return false;
  const from = textOf(node.parent.parent.parent.moduleSpecifier);
  return from === 'node:process' || from === 'process';
}

function originalName(node: ts.Node): string | undefined {
  return ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : undefined;
}
