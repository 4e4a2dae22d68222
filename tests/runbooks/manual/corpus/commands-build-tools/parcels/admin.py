def main():
    print("admin")
