"""Classes that schemas of the tests name as their x-parent."""


class Greeter:
    greeting = "Hello"

    def greet(self):
        return f"{self.greeting} {self.name}"


class Loud:
    def to_json(self):
        return {name: str(self[name]).upper() for name in self}
