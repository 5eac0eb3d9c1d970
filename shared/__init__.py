"""Code shared by the three services: the core (pure values) and the shell (database, HTTP, identity).

Nothing here knows a service. The core (`money`, `fund`, `period`, `entry`, `effective`, `errors`,
`roles`, `cn`) does no input or output; an import contract holds both facts.
"""
